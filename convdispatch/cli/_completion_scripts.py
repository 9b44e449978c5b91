"""The script of each shell: a table of possible next words, and the shell's code that reads it.

Each script reads the words before the cursor from the left: they determine a command and the number
of its arguments so far. A word after an option that takes a value is that value.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from convdispatch.cli._completion_words import FILES, FOLDERS, Command, Value

_BASH = r"""# bash: eval "$(convdispatch completion bash)"
_convdispatch() {
    local cur=${COMP_WORDS[COMP_CWORD]} path='' before='' place=0 i word
    [[ $cur == '=' ]] && cur=''
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == '=' ]] && continue
        if [[ $before ]]; then
            before=''
            continue
        fi
        case "$path|$word" in
            @VALUED@) before=$word ;;
            @CHILDREN@) path=${path:+$path }$word place=0 ;;
            *'|-'*) ;;
            *) place=$((place + 1)) ;;
        esac
    done
    local key="$path|$place" words='' kind='' list=''
    [[ $before ]] && key="$path|$before"
    [[ ! $before && $cur == -* ]] && key="$path|-"
    case $key in
@TABLE@
    esac
    local last=$cur
    [[ $list ]] && last=${cur##*,}
    [[ $kind == files || $kind == folders ]] && compopt -o filenames 2> /dev/null
    COMPREPLY=()
    while IFS= read -r word; do  # bash 3 has no mapfile
        COMPREPLY+=("$word")
    done < <(case $kind in
        files) compgen -f -- "$cur" ;;
        folders) compgen -d -- "$cur" ;;
        *) compgen -P "${cur%"$last"}" -W "$words" -- "$last" ;;
    esac)
}
complete -F _convdispatch convdispatch
"""

_ZSH = r"""#compdef convdispatch
# zsh: eval "$(convdispatch completion zsh)" after compinit, or a file _convdispatch in $fpath
_convdispatch() {
    local path_='' before='' key kind='' list='' word i
    local -i place=0
    local -a described
    for ((i = 2; i < CURRENT; i++)); do
        word=${words[i]}
        if [[ -n $before ]]; then
            before=''
            continue
        fi
        case "$path_|$word" in
            @VALUED@) before=$word ;;
            @CHILDREN@) path_=${path_:+$path_ }$word place=0 ;;
            *'|-'*) ;;
            *) place=$((place + 1)) ;;
        esac
    done
    key="$path_|$place"
    [[ -n $before ]] && key="$path_|$before"
    [[ -z $before && $PREFIX == -* ]] && key="$path_|-"
    if [[ -z $before && $PREFIX == --*=* ]]; then
        key="$path_|${PREFIX%%=*}"
        compset -P 1 '*='
    fi
    case $key in
@TABLE@
    esac
    case $kind in
        files) _files ;;
        folders) _files -/ ;;
        *)
            [[ -n $list ]] && compset -P '*,'
            (( ${#described} )) && _describe 'convdispatch' described
            ;;
    esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _convdispatch "$@"
else
    compdef _convdispatch convdispatch
fi
"""

_FISH = r"""# fish: convdispatch completion fish | source
function __convdispatch_at
    set -l path ''
    set -l before ''
    set -l place 0
    for word in (commandline -opc)[2..]
        if test -n "$before"
            set before ''
            continue
        end
        switch "$path|$word"
            case @VALUED@
                set before $word
            case @CHILDREN@
                set path (string trim -- "$path $word")
                set place 0
            case '*|-*'
            case '*'
                set place (math $place + 1)
        end
    end
    test "$path" = "$argv[1]"
    or return
    test "$argv[2]" = -
    or test -z "$before" -a "$place" = "$argv[2]"
end
complete -c convdispatch -f
@TABLE@
"""


def _bash(commands: Sequence[Command]) -> str:
    lines = []
    for key, described, value in _entries(commands):
        words = " ".join(described)
        parts = [f"words={shlex.quote(words)}"] if words else []
        parts += [f"kind={value.kind}", *(["list=1"] if value.is_list else [])]
        lines.append(f"        {shlex.quote(key)}) {' '.join(parts)} ;;")
    return _filled(_BASH, commands, "|", lines)


def _zsh(commands: Sequence[Command]) -> str:
    lines = []
    for key, described, value in _entries(commands):
        pairs = [
            shlex.quote(word.replace(":", r"\:") + (f":{text}" if text else ""))
            for word, text in described.items()
        ]
        parts = [f"described=({' '.join(pairs)})"] if pairs else []
        parts += [f"kind={value.kind}", *(["list=1"] if value.is_list else [])]
        lines.append(f"        {shlex.quote(key)}) {' '.join(parts)} ;;")
    return _filled(_ZSH, commands, "|", lines)


def _fish(commands: Sequence[Command]) -> str:
    lines = []
    for command in commands:
        for option in command.options:
            spelled = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in option.names
            )
            line = f"{_at(command.path, '-')} {spelled} -d {_quoted(option.help)}"
            lines.append(line + ("" if option.value is None else f" -r {_offer(option.value)}"))
        lines += [
            f"{_at(command.path, '0')} -a {_quoted(name)} -d {_quoted(text)}"
            for name, text in command.children.items()
        ]
        lines += [
            f"{_at(command.path, str(place))} {_offer(value)}"
            for place, value in enumerate(command.places)
        ]
    return _filled(_FISH, commands, " ", lines)


def _at(path: str, place: str) -> str:
    return f"complete -c convdispatch -n \"__convdispatch_at '{path}' {place}\""


def _offer(value: Value) -> str:
    """Return fish's declaration of a value; fish joins the words of a list itself."""
    if value.kind == FILES:
        return "-F"
    if value.kind == FOLDERS:
        return "-f -a '(__fish_complete_directories)'"
    words = _quoted(" ".join(value.words))
    if value.is_list:
        return f'-f -a "(__fish_append , {" ".join(map(_quoted, value.words))})"'
    return f"-f -a {words}" if value.words else "-f"


def _quoted(text: str) -> str:
    """Return the text in fish's quotes, in which a backslash and a quote are escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _entries(commands: Sequence[Command]) -> list[tuple[str, Mapping[str, str], Value]]:
    """Return the key of each place, the words that fit it with their help, and its other values."""
    found: list[tuple[str, Mapping[str, str], Value]] = []
    for command in commands:
        path = command.path
        options = {name: option.help for option in command.options for name in option.names}
        found.append((f"{path}|-", options, Value()))
        for option in command.options:
            for name in option.names:
                if option.value is not None:
                    words = dict.fromkeys(option.value.words, "")
                    found.append((f"{path}|{name}", words, option.value))
        if command.children:
            found.append((f"{path}|0", command.children, Value()))
        for place, value in enumerate(command.places):
            found.append((f"{path}|{place}", dict.fromkeys(value.words, ""), value))
    return found


def _filled(template: str, commands: Sequence[Command], join: str, lines: Sequence[str]) -> str:
    """Put the tables into a script: the options that take a value, the commands, the places."""
    valued = [
        f"{command.path}|{name}"
        for command in commands
        for option in command.options
        if option.value is not None
        for name in option.names
    ]
    children = [f"{command.path}|{name}" for command in commands for name in command.children]
    return (
        template.replace("@VALUED@", join.join(map(shlex.quote, valued)))
        .replace("@CHILDREN@", join.join(map(shlex.quote, children)))
        .replace("@TABLE@", "\n".join(lines))
    )


SCRIPTS: Mapping[str, Callable[[Sequence[Command]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
