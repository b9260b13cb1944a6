<?php
// Makes stripe-php trust a session of Mirra: it brings a bundle of certificates, and no
// variable changes which. PHP runs this file in front of a script, by auto_prepend_file.

spl_autoload_register($mirra = static function (string $class) use (&$mirra): void {
    if ($class !== 'Stripe\Stripe') {
        return;
    }
    foreach (spl_autoload_functions() as $load) {
        if ($load !== $mirra) {
            $load($class);
        }
        if (class_exists($class, false)) {
            if (method_exists($class, 'setCABundlePath')) { // the oldest have none
                $class::setCABundlePath(ini_get('curl.cainfo'));
            }
            return;
        }
    }
}, true, true);
unset($mirra);

// What ran in front of scripts before: PHP keeps the last setting alone.
$mirra_before = (static function (): string {
    $before = '';
    foreach (explode(',', php_ini_loaded_file() . ',' . php_ini_scanned_files()) as $file) {
        $settings = is_file(trim($file)) ? parse_ini_file(trim($file)) : [];
        $before = $settings['auto_prepend_file'] ?? $before;
        if (realpath($before) === __FILE__) {
            break;
        }
        $found = $before;
    }
    return $found ?? '';
})();
if ($mirra_before !== '' && $mirra_before !== 'none') {
    require $mirra_before;
}
