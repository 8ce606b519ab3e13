// SPDX-License-Identifier: Apache-2.0
// The default theme with the fonts of the reader's system: nothing to download before text can be read.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

export default DefaultTheme;
