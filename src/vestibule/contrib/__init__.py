"""What other people's programs import to trust our tokens. It knows the kernel and one framework a file, no more."""
