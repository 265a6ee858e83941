{{/* Where browsers reach the dashboard. */}}
{{- define "podium.oidc.publicUrl" -}}
{{- if .Values.oidc.publicUrl -}}
{{ .Values.oidc.publicUrl }}
{{- else if and .Values.ingress.enabled .Values.ingress.tlsSecret -}}
https://{{ .Values.ingress.host }}
{{- else -}}
{{- fail "oidc.issuer needs to know where browsers reach the dashboard: set oidc.publicUrl, or ingress.enabled and ingress.tlsSecret" }}
{{- end -}}
{{- end }}

{{/* What the API is told of the issuer. */}}
{{- define "podium.oidc.env" -}}
{{- with .Values.oidc }}
{{- if .issuer }}
{{- if not .clientId }}{{ fail "oidc.issuer needs oidc.clientId: register Podium at the issuer, which gives it an id" }}{{ end }}
{{- if not .groups }}{{ fail "oidc.issuer needs oidc.groups, without which nobody could enter, e.g. oidc.groups.ml-platform=admin" }}{{ end }}
- name: PODIUM_PUBLIC_URL
  value: {{ include "podium.oidc.publicUrl" $ | quote }}
- name: PODIUM_OIDC_ISSUER
  value: {{ .issuer | quote }}
- name: PODIUM_OIDC_CLIENT_ID
  value: {{ .clientId | quote }}
{{- if .clientSecret.existingSecret }}
- name: PODIUM_OIDC_CLIENT_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ .clientSecret.existingSecret }}
      key: {{ .clientSecret.key }}
{{- end }}
- name: PODIUM_OIDC_GROUPS
  value: {{ toJson .groups | quote }}
- name: PODIUM_OIDC_GROUPS_CLAIM
  value: {{ .groupsClaim | quote }}
- name: PODIUM_OIDC_VISIT_HOURS
  value: {{ .visitHours | quote }}
{{- with .scopes }}
- name: PODIUM_OIDC_SCOPES
  value: {{ join " " . | quote }}
{{- end }}
{{- with .name }}
- name: PODIUM_OIDC_NAME
  value: {{ . | quote }}
{{- end }}
{{- if .certificates.existingConfigMap }}
- name: PODIUM_OIDC_CA_FILE
  value: /etc/podium-oidc/{{ .certificates.key }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The name of the ConfigMap with the certificates that the issuer's is signed by; empty: the usual ones are believed. */}}
{{- define "podium.oidc.certificates" -}}
{{- if .Values.oidc.issuer }}{{ .Values.oidc.certificates.existingConfigMap }}{{ end }}
{{- end }}
