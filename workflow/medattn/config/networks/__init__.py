"""What is known of networks without building them: options, stems, architectures."""
