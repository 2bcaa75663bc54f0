"""What the component is measured against, in this project's own environment."""
