"""The console: pages, and a JSON API, over the same functions as the command line's."""
