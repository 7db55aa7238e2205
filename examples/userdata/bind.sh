#!/usr/bin/env bash
# Asks eipbinder for this instance's address and name: for EC2 user data.
#
#   EIPBINDER_URL=https://abc123.execute-api.eu-central-1.amazonaws.com ./bind.sh
#
# It proves which instance it is by the signature of the instance's own role, whose
# session name is the instance ID. The role needs execute-api:Invoke on POST /v1/bind
# and nothing else. The answer is 202: the address comes soon after, and takes the
# place of the auto-assigned one, so do not start long downloads before.
#
# Needs bash 4 and curl 7.84, and IMDSv2 within reach.
#
# Exit codes: 0 asked, 1 given up, 2 usage.
set -euo pipefail

url=${EIPBINDER_URL:-}              # of the API, without a path of its own
service=${EIPBINDER_SERVICE:-execute-api} # "lambda" for a function URL
tries=${EIPBINDER_TRIES:-12}        # about 7 minutes
imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}

say() { printf 'eipbinder: %s\n' "$*" >&2; }

usage() {
  say "$*"
  exit 2
}

# metadata PATH prints what the instance metadata service has there.
metadata() {
  curl --silent --show-error --fail --noproxy '*' --connect-timeout 2 --max-time 5 \
    --header "X-aws-ec2-metadata-token: $token" "${imds%/}/latest/meta-data/$1"
}

# field JSON NAME prints one string of a flat JSON object.
field() {
  local pattern="\"$2\"[[:space:]]*:[[:space:]]*\"([^\"]+)\""
  [[ $1 =~ $pattern ]] || return 1
  printf '%s' "${BASH_REMATCH[1]}"
}

# learn asks who we are. All of it is asked anew for each try: right after the
# launch the role may not be there yet, and its credentials change.
learn() {
  local role credentials
  token=$(curl --silent --show-error --fail --noproxy '*' --connect-timeout 2 --max-time 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' "${imds%/}/latest/api/token") || return 1
  region=$(metadata placement/region) || return 1
  role=$(metadata iam/security-credentials/) || return 1
  credentials=$(metadata "iam/security-credentials/${role%%$'\n'*}") || return 1
  key=$(field "$credentials" AccessKeyId) || return 1
  secret=$(field "$credentials" SecretAccessKey) || return 1
  session=$(field "$credentials" Token) || return 1
}

# ask sends the request, and prints the status and Retry-After. The credentials go
# through standard input: arguments are for all users of the machine to see.
ask() {
  printf 'user = "%s:%s"\nheader = "X-Amz-Security-Token: %s"\n' "$key" "$secret" "$session" |
    curl --silent --show-error --config - --connect-timeout 5 --max-time 20 --output /dev/null \
      --aws-sigv4 "aws:amz:$region:$service" --header 'Content-Type: application/json' --data '' \
      --write-out '%{http_code} %header{retry-after}' "${url%/}/v1/bind"
}

# pause TRY AFTER waits: twice as long each time up to a minute, of which a half is
# by chance, so that instances that were launched together do not come together; and
# not shorter than the server says.
pause() {
  local most=$((2 ** ($1 < 6 ? $1 : 6))) delay
  most=$((most < 60 ? most : 60))
  delay=$((most / 2 + RANDOM % (most / 2 + 1)))
  if [[ $2 =~ ^[0-9]{1,3}$ ]] && ((10#$2 > delay)); then
    delay=$((10#$2 + RANDOM % 5))
  fi
  sleep "$delay"
}

main() {
  local try answer status after code
  case $url in
    *[?#]* | "") usage "EIPBINDER_URL must be the URL of the API" ;;
    https://* | http://127.0.0.1:*) ;;
    *) usage "EIPBINDER_URL must begin with https://" ;;
  esac
  [[ $tries =~ ^[1-9][0-9]{0,3}$ ]] || usage "EIPBINDER_TRIES must be a number"
  for ((try = 1; try <= tries; try++)); do
    status="no answer from the instance metadata service" after=""
    if learn; then
      code=0
      answer=$(ask) || code=$?
      ((code != 2)) || usage "curl knows no --aws-sigv4: 7.84 or newer is needed"
      status=${answer%% *} after=${answer#* }
    fi
    if [[ $status == 2?? ]]; then
      say "asked for an address ($status)"
      return 0
    fi
    say "try $try of $tries: $status"
    ((try == tries)) || pause "$try" "$after"
  done
  say "GIVEN UP: this instance has no address of eipbinder's, unless an event or a sweep binds it"
  return 1
}

main "$@"
