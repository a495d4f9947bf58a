"""Ways to reach a model. The only layer that knows HTTP and the wire."""
