"""How the database is: asked by people, at a pace of people."""
