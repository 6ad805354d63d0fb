"""Traces, metrics and logs as OTLP has them, and a thread that sends them to a collector.

Refuses: being imported where no collector is configured.
"""
