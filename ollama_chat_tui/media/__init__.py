"""What goes with a message besides its text: pictures, sounds and files. Knows neither screen nor model."""
