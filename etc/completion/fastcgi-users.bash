# Completion of fastcgi-users(8) for bash, made by fastcgi-users completion bash.
_fastcgi_users()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local command= action= words= i

	COMPREPLY=()
	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config)
			[[ ${COMP_WORDS[i+1]} == '=' ]] && ((i++))
			((i++))
			;;
		-* | =) ;;
		*)
			if [[ -z $command ]]; then
				command=${COMP_WORDS[i]}
			elif [[ -z $action ]]; then
				action=${COMP_WORDS[i]}
			fi
			;;
		esac
	done
	if [[ -z $command && ($prev == -c || $prev == --config) ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
		return
	fi
	case "$command $action $prev" in
	'user add --superuser')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user add --verified')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user add --active')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user add --set')
		return
		;;
	'user list --search')
		return
		;;
	'user list --email')
		return
		;;
	'user list --active')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user list --superuser')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user list --verified')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user list --set')
		return
		;;
	'user list --sort')
		COMPREPLY=($(compgen -W 'id -id email -email' -- "$cur"))
		return
		;;
	'user list --after')
		return
		;;
	'user list --limit')
		return
		;;
	'user set --email')
		return
		;;
	'user set --active')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user set --superuser')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user set --verified')
		if [[ ${COMP_WORDS[COMP_CWORD-1]} == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
		COMPREPLY=($(compgen -W 'yes no' -- "$cur"))
		return
		fi
		;;
	'user set --set')
		return
		;;
	'user export --after')
		return
		;;
	'user export --limit')
		return
		;;
	'token create --backend')
		return
		;;
	'token inspect --backend')
		return
		;;
	'apikey create --name')
		return
		;;
	'apikey create --scope')
		return
		;;
	'apikey create --days')
		return
		;;
	'key generate --alg')
		COMPREPLY=($(compgen -W 'RS256 ES256 EdDSA' -- "$cur"))
		return
		;;
	'key rotate --alg')
		COMPREPLY=($(compgen -W 'RS256 ES256 EdDSA' -- "$cur"))
		return
		;;
	'key rotate --older-than')
		return
		;;
	'outbox list --state')
		COMPREPLY=($(compgen -W 'waiting dead' -- "$cur"))
		return
		;;
	'outbox list --event')
		return
		;;
	'outbox list --target')
		return
		;;
	'outbox list --user')
		return
		;;
	'outbox list --after')
		return
		;;
	'outbox list --limit')
		return
		;;
	'outbox retry --state')
		COMPREPLY=($(compgen -W 'waiting dead' -- "$cur"))
		return
		;;
	'outbox retry --event')
		return
		;;
	'outbox retry --target')
		return
		;;
	'outbox retry --user')
		return
		;;
	'outbox drop --state')
		COMPREPLY=($(compgen -W 'waiting dead' -- "$cur"))
		return
		;;
	'outbox drop --event')
		return
		;;
	'outbox drop --target')
		return
		;;
	'outbox drop --user')
		return
		;;
	'limits list --account')
		return
		;;
	'limits list --network')
		return
		;;
	'limits clear --account')
		return
		;;
	'limits clear --network')
		return
		;;
	'check  --url')
		return
		;;
	esac
	case "$command $action" in
	' ') words='pool migrate adopt user token apikey key courier outbox limits check completion version -c --config --help --version' ;;
	'pool ') words='--replace --help' ;;
	'migrate ') words='--quiet plan apply status --help' ;;
	'adopt ') words='--apply --json --quiet --help' ;;
	'user ') words='add show list set delete export import --help' ;;
	'token ') words='create inspect end --help' ;;
	'apikey ') words='create list revoke --help' ;;
	'key ') words='generate list rotate retire --help' ;;
	'courier ') words='--once --help' ;;
	'outbox ') words='list retry drop --help' ;;
	'limits ') words='list clear --help' ;;
	'check ') words='--url --json --strict --dump --defaults --help' ;;
	'completion ') words='bash zsh --help' ;;
	'version ') words='--help' ;;
	'migrate plan') words='--help' ;;
	'migrate apply') words='--quiet --help' ;;
	'migrate status') words='--help' ;;
	'user add') words='--superuser --verified --active --set --password-stdin --generate-password --json --help' ;;
	'user show') words='--json --help' ;;
	'user list') words='--search --email --active --superuser --verified --set --sort --after --limit --count --json --help' ;;
	'user set') words='--email --active --superuser --verified --set --password --password-stdin --generate-password --json --help' ;;
	'user delete') words='--help' ;;
	'user export') words='--after --limit --quiet --help' ;;
	'user import') words='--check --skip-bad --skip-existing --quiet --help' ;;
	'token create') words='--backend --help' ;;
	'token inspect') words='--backend --help' ;;
	'token end') words='--help' ;;
	'apikey create') words='--name --scope --days --json --help' ;;
	'apikey list') words='--json --help' ;;
	'apikey revoke') words='--help' ;;
	'key generate') words='--alg --dry-run --help' ;;
	'key list') words='--json --help' ;;
	'key rotate') words='--alg --older-than --now --dry-run --help' ;;
	'key retire') words='--dry-run --help' ;;
	'outbox list') words='--state --event --target --user --after --limit --json --help' ;;
	'outbox retry') words='--state --event --target --user --all --help' ;;
	'outbox drop') words='--state --event --target --user --all --help' ;;
	'limits list') words='--account --network --json --help' ;;
	'limits clear') words='--account --network --all --help' ;;
	'completion bash') words='--help' ;;
	'completion zsh') words='--help' ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _fastcgi_users fastcgi-users
