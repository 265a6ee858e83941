{{/* What a trial's Pod is unless its experiment says otherwise: the chart's volumes, image settings and credentials,
under the keys of worker.defaults, whose volumes, env and envFrom are added to the chart's. An affinity of theirs replaces
the chart's. */}}
{{- define "podium.podDefaults" -}}
{{- $given := .Values.worker.defaults -}}
{{- $env := merge (dict) (default dict $given.env) .Values.artifacts.env -}}
{{- $envFrom := default list $given.envFrom -}}
{{- with .Values.artifacts.existingSecret -}}
{{- $envFrom = prepend $envFrom (dict "secretRef" (dict "name" .)) -}}
{{- end -}}
{{- $volumes := list -}}
{{- with include "podium.artifacts.path" . -}}
{{- $claim := dict "claimName" (include "podium.artifacts.claimName" $) -}}
{{- $volumes = append $volumes (dict "name" "artifacts" "mountPath" . "persistentVolumeClaim" $claim) -}}
{{- end -}}
{{- if .Values.datasets.enabled -}}
{{- $claim := dict "claimName" (include "podium.datasets.claimName" .) -}}
{{- $volumes = append $volumes (dict "name" "datasets" "mountPath" .Values.datasets.mountPath "readOnly" true "persistentVolumeClaim" $claim) -}}
{{- end -}}
{{- if .Values.weights.enabled -}}
{{- $claim := dict "claimName" (include "podium.weights.claimName" .) -}}
{{- $volumes = append $volumes (dict "name" "weights" "mountPath" .Values.weights.mountPath "readOnly" true "persistentVolumeClaim" $claim) -}}
{{- $env = merge $env (dict "TORCH_HOME" .Values.weights.mountPath) -}}
{{- end -}}
{{- $pullSecrets := list -}}
{{- range .Values.worker.image.pullSecrets -}}
{{- $pullSecrets = append $pullSecrets (dict "name" .) -}}
{{- end -}}
{{- $chart := dict "imagePullPolicy" .Values.worker.image.pullPolicy "serviceAccountName" (include "podium.worker.fullname" .) -}}
{{- if $pullSecrets -}}{{- $chart = merge $chart (dict "imagePullSecrets" $pullSecrets) -}}{{- end -}}
{{- if $env -}}{{- $chart = merge (dict "env" $env) $chart -}}{{- end -}}
{{- if $envFrom -}}{{- $chart = merge (dict "envFrom" $envFrom) $chart -}}{{- end -}}
{{- if and (include "podium.artifacts.onOneNode" .) (not $given.affinity) -}}
{{- $terms := list (include "podium.artifacts.affinityTerm" . | fromYaml) -}}
{{- $pods := dict "requiredDuringSchedulingIgnoredDuringExecution" $terms -}}
{{- $chart = merge (dict "affinity" (dict "podAffinity" $pods)) $chart -}}
{{- end -}}
{{- with concat $volumes (default list $given.volumes) -}}{{- $chart = merge (dict "volumes" .) $chart -}}{{- end -}}
{{- merge (dict) (omit $given "env" "envFrom" "volumes") $chart | toYaml -}}
{{- end }}
