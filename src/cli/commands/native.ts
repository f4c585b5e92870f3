import { resolve } from 'node:path'
import { Argument, type Command } from 'commander'
import type { Listed, NativeCheck } from '../../native'
import { ExitCode, UserError } from '../../spec'
import { addCommand, printJson, type Cli, type CommonOptions } from '../command'
import { bytes } from '../render/numbers'
import { renderTable } from '../render/table'

type Options = CommonOptions & {
  cuda?: boolean
  wheel: string[]
  version?: string
  keep?: string
  force?: boolean
}

/** `thaw native install`, `ls`, `rm [NAME]`, `doctor`: TensorFlow's own libraries as a back end. */
export function native(program: Command, cli: Cli): void {
  addCommand(program, 'native', "install, list or remove TensorFlow's libraries, the fastest back end")
    .addArgument(new Argument('<do>', 'install, ls, rm or doctor').choices(['install', 'ls', 'rm', 'doctor']))
    .argument('[name]', 'rm: the install to remove, all without it')
    .option('--cuda', 'install: for an NVIDIA GPU (CUDA 12)')
    .option(
      '--wheel <file>',
      "install: a wheel that is there already, TensorFlow's first (repeatable)",
      (file: string, all: string[]) => [...all, file],
      [] as string[],
    )
    .option('--keep <dir>', 'install: keep the fetched wheels in a folder, for machines without a network')
    .option('--version <version>', "install: TensorFlow's version")
    .option('--force', 'install: make it again')
    .action(async (what: keyof typeof actions, name: string | undefined, options: Options) => {
      if (name !== undefined && what !== 'rm')
        throw new UserError(`thaw native ${what} takes no name; write \`thaw native ${what}\``)
      await actions[what](cli, options, name)
    })
}

const actions = { install, ls, rm, doctor }

async function install(cli: Cli, options: Options): Promise<void> {
  const { terminal } = cli
  const [{ installNative }, { nativeReport }] = await Promise.all([
    import('../../native'),
    import('../nativeReport'),
  ])
  const report = nativeReport(terminal)
  try {
    const { install: made, already } = await installNative({
      flavour: options.cuda ? 'cuda12' : 'cpu',
      version: options.version,
      wheels: options.wheel.map((file) => resolve(terminal.cwd, file)),
      ...(options.keep !== undefined && { keep: resolve(terminal.cwd, options.keep) }),
      force: options.force ?? false,
      report,
    })
    report.close()
    if (options.json) return printJson(terminal, { ...made, already })
    const done = already ? 'is there already; --force makes it again' : 'is installed'
    terminal.print(`TensorFlow ${made.version} (${made.flavour}) ${done}\n${made.folder}`)
  } finally {
    report.close()
  }
}

async function ls({ terminal }: Cli, options: Options): Promise<void> {
  const [{ listNative }, { nativeFolder }] = await Promise.all([
    import('../../native'),
    import('../../engine/backend/native/find'),
  ])
  const installs = listNative()
  if (options.json) return printJson(terminal, { folder: nativeFolder(), installs })
  if (installs.length === 0) return terminal.print('nothing is installed; `thaw native install`')
  terminal.print(
    renderTable<Listed>(
      [
        { head: 'name', cell: ({ name }) => name },
        { head: 'for', cell: ({ flavour, platform }) => `${flavour}, ${platform}` },
        { head: 'size', align: 'right', cell: (one) => bytes(one.bytes) },
        { head: 'installed', cell: ({ installed }) => installed.slice(0, 10) },
      ],
      installs,
      terminal.colours,
    ),
  )
  terminal.print(nativeFolder())
}

async function rm({ terminal }: Cli, options: Options, name?: string): Promise<void> {
  const { removeNative } = await import('../../native')
  const freed = await removeNative(name)
  if (options.json) return printJson(terminal, { bytes: freed })
  terminal.print(`${bytes(freed)} freed`)
}

async function doctor(cli: Cli, options: Options): Promise<void> {
  const { terminal } = cli
  const { examineNative } = await import('../../native')
  const checks = examineNative()
  if (checks.some(({ ok }) => !ok)) cli.exitCode = ExitCode.machineLacks
  if (options.json) return printJson(terminal, { ok: cli.exitCode === 0, checks })
  const { green, yellow } = terminal.colours
  terminal.print(
    renderTable<NativeCheck>(
      [
        { head: 'check', cell: ({ name }) => name },
        { head: '', cell: ({ ok }) => (ok ? green('ok') : yellow('no')) },
        { head: 'what', cell: ({ detail }) => detail },
      ],
      checks,
      terminal.colours,
    ),
  )
}
