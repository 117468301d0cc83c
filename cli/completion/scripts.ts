/*
 * What each shell runs when somebody presses Tab: it asks the command itself, as it was typed, what may stand at the
 * cursor. Each answer is a line `value<Tab>description`; a line `:files` asks for names of files as well.
 */

const bash = String.raw`# Completion of landfall for bash. In ~/.bashrc:  source <(landfall completion bash)
_landfall() {
  local line files=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else COMPREPLY+=("${'$'}{line%%$'\t'*}"); fi
  done < <("${'$'}{COMP_WORDS[0]}" completion-at -- "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${'$'}{COMP_WORDS[COMP_CWORD]}")
  fi
}
complete -F _landfall landfall
`;

const zsh = String.raw`#compdef landfall
# Completion of landfall for zsh. In ~/.zshrc, after compinit:  source <(landfall completion zsh)
_landfall() {
  local line files=
  local -a found
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1
    else
      line=${'$'}{${'$'}{line%%$'\t'*}//:/\\:}:${'$'}{line#*$'\t'}
      found+=("${'$'}{line%:}")
    fi
  done < <("${'$'}{words[1]}" completion-at -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe -V landfall found
  [[ -n $files ]] && _files
  return 0
}
if [[ ${'$'}{funcstack[1]} == _landfall ]]; then _landfall "$@"; else compdef _landfall landfall; fi
`;

const fish = String.raw`# Completion of landfall for fish. Once:  landfall completion fish > ~/.config/fish/completions/landfall.fish
function __landfall_at
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    for line in ($typed[1] completion-at -- $typed[2..] "$word" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$word"
        else
            echo $line
        end
    end
end
complete -c landfall -f -a '(__landfall_at)'
`;

/** The shells for which there is a script. */
export const scripts = { bash, zsh, fish } as const;
export type Shell = keyof typeof scripts;
