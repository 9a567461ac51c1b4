"""From a camera's frame to an age with its uncertainty: decode, detect, align, estimate."""
