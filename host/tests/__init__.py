"""Tests of the host tool: python3 -m unittest discover -t . -s tests"""
