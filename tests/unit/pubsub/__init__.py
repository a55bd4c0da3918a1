"""The Pub/Sub API as both ends need it: bitmaps, schemas, and what is generated from the proto."""
