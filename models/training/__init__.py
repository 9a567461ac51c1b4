"""From labelled pictures to a version of the age model."""
