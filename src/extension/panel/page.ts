/** The panel's page: scripts only with this page's nonce, no eval, no network. */
export function panelPage(options: {
  script: string
  cspSource: string
  nonce: string
  run: string
}): string {
  const csp = [
    `default-src 'none'`,
    `script-src 'nonce-${options.nonce}'`,
    `style-src ${options.cspSource} 'nonce-${options.nonce}'`,
    `font-src ${options.cspSource}`,
    `img-src data: ${options.cspSource}`,
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta property="csp-nonce" content="${options.nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Thaw run</title>
</head>
<body data-run="${escapeHtml(options.run)}">
<thaw-panel></thaw-panel>
<script nonce="${options.nonce}" src="${options.script}"></script>
</body>
</html>`
}

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** 128 random bits as text. */
export function createNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
