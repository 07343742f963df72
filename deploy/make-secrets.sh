#!/bin/sh
# Usage: sh deploy/make-secrets.sh HOST [FOLDER]
# Makes the files that compose.yaml reads, in deploy/secrets: passwords, the admin token, and a self-signed certificate for
# HOST, in whose place yours goes (tls.pem: the chain; tls.pem.key: its key). What is there stays as it is.
set -eu
host=${1:?HOST is missing, such as learn.example.org}
folder=${2:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
# Only whoever may enter the folder gets at its files. Containers get single files, and run as others than their owner.
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -e "$folder/fedtab.json" ]; then
  postgres=$(random)
  redis=$(random)
  printf '%s' "$postgres" >"$folder/postgres-password"
  printf 'requirepass %s\n' "$redis" >"$folder/redis.conf"
  cat >"$folder/fedtab.json" <<END
{
  "adminToken": "$(random)",
  "databaseUrl": "postgresql://fedtab:$postgres@postgres:5432/fedtab",
  "redisUrl": "redis://:$redis@redis:6379"
}
END
fi
if [ ! -e "$folder/tls.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout "$folder/tls.pem.key" -out "$folder/tls.pem" 2>/dev/null
fi
chmod 444 "$folder"/*
echo "$folder"
