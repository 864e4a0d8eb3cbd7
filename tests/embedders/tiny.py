"""The instruments that tests make: of which kind each is, how long its vectors are, and texts for them."""

KINDS = {
    "open_clip": ("open_clip", 8), "open_clip_siglip": ("open_clip", 64), "siglip": ("transformers", 16),
    "clip": ("transformers", 8),
}  # fmt: skip
TEXTS = [f"this is {word}" for word in ("a", "an image of a nurse", "a pilot", *"bcdefghijklmnopqrstuvwxyzabcdefghijk")]
