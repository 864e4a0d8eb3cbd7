"""From an audit to the images and texts that it asks for."""
