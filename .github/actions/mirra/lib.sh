# What the scripts share.

# annotate COMMAND TEXT prints an annotation, "error file=mirra.lock": a workflow command,
# whose text has %, CR and LF escaped (believed to be what
# https://docs.github.com/actions/reference/workflow-commands-for-github-actions says).
annotate() {
  local text=$2
  text=${text//'%'/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '::%s::%s\n' "$1" "$text"
}
