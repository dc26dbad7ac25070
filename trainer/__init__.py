"""From accepted dialogues to a trained model: snapshots, formats, SFT, GRPO, evaluation."""
