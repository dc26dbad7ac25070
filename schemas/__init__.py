"""What flows through GenesisFunc: tools, dialogues, events, settings. No I/O, no other room."""
