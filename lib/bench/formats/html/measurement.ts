// SPDX-License-Identifier: Apache-2.0
import { type BenchResult } from '../../result';
import { isEmpty } from '../document-parts';
import { accuracySection } from './accuracy';
import { type Charts } from '../../../html/chart';
import { environmentSection, settingsSection } from './conditions';
import { latencySection, timelineSection } from './latency';
import { layersSection } from './layers';
import { missingSection, powerSection, processSection } from './resources';
import { stagesSection } from './stages';
import { type Section } from '../../../html/table';

/**
 * All sections of one measurement but its headline.
 *
 * @param prefix of the ids, unique on the page
 */
export function measurementSections(result: BenchResult, charts: Charts, prefix: string): Section[] {
  const sections = [
    isEmpty(result) ? null : latencySection(result, charts, prefix),
    isEmpty(result) ? null : timelineSection(result, charts, prefix),
    isEmpty(result) ? null : stagesSection(result, prefix),
    layersSection(result, prefix),
    accuracySection(result, prefix),
    processSection(result, prefix),
    powerSection(result, charts, prefix),
    missingSection(result, prefix),
    settingsSection(result, prefix),
    environmentSection(result.environment, prefix),
  ];
  return sections.filter((section) => section !== null);
}
