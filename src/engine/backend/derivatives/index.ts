import './arithmetic'
import './elementwise'
import './reduce'
import './shape'
