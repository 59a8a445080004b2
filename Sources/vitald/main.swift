// Wiring only; commands live beside this file.
