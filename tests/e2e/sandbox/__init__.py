"""`crosswalk sandbox` and what people do with it."""
