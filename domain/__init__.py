"""The inside: business rules and the ports they need. Standard library only."""
