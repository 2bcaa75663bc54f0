"""The story of the component, told on the terminal and checked as it is told: `make demo`."""
