{{/* When the migration and what it needs exist. A failed Job stays, to be read. Takes root and weight. */}}
{{- define "podium.migrate.hook" -}}
helm.sh/hook: {{ empty .root.Values.database.existingSecret | ternary "pre-upgrade" "pre-install,pre-upgrade" }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
