import theme from '../theme.css'
import { registerControls } from '../ui'
import './panel'

const sheet = new CSSStyleSheet()
sheet.replaceSync(theme)
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
registerControls()
