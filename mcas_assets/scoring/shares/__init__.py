"""Who is shown and who is refused: shares, label errors, amplification, refusal rates, skin tones."""
