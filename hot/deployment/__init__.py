"""A policy as a file for other programs: from the observation to drive targets, without this package."""

from hot.deployment.deployed import Deployed, Port
from hot.deployment.exporting import FORMATS, Deployment, check_format, export

__all__ = ["FORMATS", "Deployed", "Deployment", "Port", "check_format", "export"]
