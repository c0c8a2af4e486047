"""Facts about networks that need no network to be built: options, stems, architectures."""
