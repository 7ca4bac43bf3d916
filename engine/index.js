const { existsSync } = require('node:fs')
const { load } = require('./load.js')
const { version } = require('./package.json')
const { runtime } = require('./platform.js')

module.exports = load({ runtime: runtime(), folder: __dirname, version, exists: existsSync, require })
