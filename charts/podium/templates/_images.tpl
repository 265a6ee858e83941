{{/* An image's reference: registry, repository, and digest or tag. Takes the image and the tag that stands in for none. */}}
{{- define "podium.image" -}}
{{- with .image -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ default $.appVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{/* References to the Secrets that open an image's registry. Takes the names. */}}
{{- define "podium.pullSecrets" -}}
{{- with . }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
