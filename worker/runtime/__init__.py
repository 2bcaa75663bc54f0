"""What every process needs to live: to stop, to wait, to tell how it is."""
