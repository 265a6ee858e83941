{{/* Egress to the cluster's DNS, and to nothing else that has its addresses: the metadata server is one of them. */}}
{{- define "podium.toDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports:
    - {port: {{ .Values.networkPolicy.dnsPort }}, protocol: UDP}
    - {port: {{ .Values.networkPolicy.dnsPort }}, protocol: TCP}
{{- end }}

{{/* Egress to the API. */}}
{{- define "podium.toApi" -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "podium.selectorLabels" (dict "root" . "component" "api") | nindent 10 }}
  ports: [{port: 8080, protocol: TCP}]
{{- end }}

{{/* Egress to the database: the bundled one, or wherever the user's own is. */}}
{{- define "podium.toDatabase" -}}
{{- if .Values.database.existingSecret -}}
{{ toYaml .Values.networkPolicy.database }}
{{- else -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "podium.selectorLabels" (dict "root" . "component" "postgres") | nindent 10 }}
  ports: [{port: 5432, protocol: TCP}]
{{- end }}
{{- end }}
