"""The only room that talks to the world outside, and never inside a transaction."""
