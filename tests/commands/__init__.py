"""The command line: as a process where it is killed or stopped, else called right here."""
