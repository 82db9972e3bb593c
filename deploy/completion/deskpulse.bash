# bash completion of deskpulsed and deskpulse-sim. Uses nothing of the package bash-completion, so
# that sourcing it is enough; installed under both names, where that package finds it.
# shellcheck shell=bash

# Whether the word before the cursor is a value for one of the given options: sets `option` to the
# option and `word` to what there is of the value. `--option=value` arrives as three words.
_deskpulse_option_before() {
  local -i at=COMP_CWORD
  word=${COMP_WORDS[at]}
  if [[ $word == '=' ]]; then
    word=
    option=${COMP_WORDS[at - 1]}
  elif [[ ${COMP_WORDS[at - 1]} == '=' ]]; then
    option=${COMP_WORDS[at - 2]}
  else
    option=${COMP_WORDS[at - 1]}
  fi
}

# The first of the given commands that stands on the line, if any.
_deskpulse_command() {
  local known given
  for given in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    for known; do
      [[ $given != "$known" ]] || { echo "$known" && return; }
    done
  done
}

_deskpulse_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word"); }

_deskpulse_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

# The keys of the settings, each with the = that follows: the daemon itself knows them.
_deskpulse_keys() {
  compopt -o nospace 2>/dev/null
  _deskpulse_words "$("${COMP_WORDS[0]}" --config /dev/null --print-config 2>/dev/null | sed -nE '
    /^\[\[|^\[profiles/,$d
    s/^\[(.*)\]$/\1./; T key; h; d
    :key; s/^(# )?([a-z0-9_]+)( = .*| is not set)$/\2=/; T; G; s/^(.*)\n(.*)$/\2\1/p')"
}

_deskpulsed() {
  local option word
  COMPREPLY=()
  _deskpulse_option_before
  case $option in
    -c | --config) _deskpulse_files && return ;;
    --set) _deskpulse_keys && return ;;
    --log-level) _deskpulse_words 'debug info warn error' && return ;;
    --feed-url) _deskpulse_words 'ws:// wss://' && return ;;
    --http-listen | --until) return ;;
  esac
  case $(_deskpulse_command replay):$word in
    replay:-*) _deskpulse_words '--agents --config --help --set --until' ;;
    replay:*) _deskpulse_files ;;
    :-*) _deskpulse_words '--check-config --config --feed-url --help --http-listen --log-level
      --print-config --set --version' ;;
    :*) _deskpulse_words replay ;;
  esac
}

_deskpulse_sim() {
  local option word
  local shared='--agents --at --conversations --customers --disorder --duplicates --faults --help --late
    --preset --rate --seed --shops --start --steady'
  COMPREPLY=()
  _deskpulse_option_before
  case $option in
    --preset) _deskpulse_words 'normal promo extreme' && return ;;
    --record | --flood) _deskpulse_files && return ;;
    --agents | --at | --backlog | --batch | --conversations | --customers | \
      --disconnects-per-hour | --disorder | --duplicates | --epoch | --events | --heartbeat | --late | --listen | --rate | \
      --restart-after | --seed | --shops | --speed | --start | --token | --warm-up) return ;;
  esac
  case $(_deskpulse_command serve write):$word in
    serve:*) _deskpulse_words "$shared --backlog --batch --disconnects-per-hour --epoch --flood
      --forget-acked --heartbeat --listen --plain --record --restart-after --speed --token --warm-up" ;;
    write:*) _deskpulse_words "$shared --events" ;;
    :-*) _deskpulse_words '--help --version' ;;
    :*) _deskpulse_words 'serve write' ;;
  esac
}

complete -F _deskpulsed deskpulsed
complete -F _deskpulse_sim deskpulse-sim
