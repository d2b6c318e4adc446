import { run } from '@buy-from-me/ui';
import { Storefront } from './storefront.tsx';
import './storefront.css';

void run((settings) => <Storefront settings={settings} />);
