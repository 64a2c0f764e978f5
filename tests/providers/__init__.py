"""Providers at their wire: real bytes in, real sockets out."""
