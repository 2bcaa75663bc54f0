"""`worker doctor`: looks at all that a component needs, and says what is wrong and the way out."""
