{{/* What exists while `helm test` runs. A failed test stays, to be read. Takes the weight. */}}
{{- define "podium.test.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
