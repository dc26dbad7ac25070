"""The `genesisfunc` command: one file a group of subcommands."""
