#!/bin/sh
# What CI runs for each push and each pull request: the mirrors that mirra.lock pins, then
# all scenarios. It fails unless all of them pass.
set -e
cd "$(dirname "$0")"
mirra plugin install --frozen
mirra run --ci --junit report.xml scenarios
