"""Programs for people who work on the component: servers on demand, the demo, the first run."""
